namespace Keyhole.Net.Tests;

public class VnetHeaderTests
{
    [Fact]
    public void Every_field_comes_back()
    {
        var header = new VnetHeader
        {
            NeedsChecksum = true,
            Segmentation = VnetSegmentation.Tcp6,
            Ecn = true,
            HeaderLength = 72,
            SegmentSize = 1348,
            ChecksumStart = 40,
            ChecksumOffset = 16,
        };
        Span<byte> bytes = stackalloc byte[VnetHeader.Size];
        header.Write(bytes);

        Assert.Equal(header, VnetHeader.Read(bytes));
        Assert.Equal(new byte[] { 1, 0x84, 72, 0, 0x44, 0x05, 40, 0, 16, 0 }, bytes.ToArray());
    }

    [Fact]
    public void Ten_bytes_are_needed()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => VnetHeader.Read(new byte[9]));
        Assert.Throws<ArgumentOutOfRangeException>(() => default(VnetHeader).Write(new byte[9]));
    }
}
