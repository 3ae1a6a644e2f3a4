namespace Keyhole.Ssh.Tests;

public class SshWriterTests
{
    /// <summary>The examples of RFC 4251 section 5.</summary>
    [Fact]
    public void Numbers_are_big_endian_and_strings_stand_behind_their_length()
    {
        var writer = new SshWriter();
        writer.WriteUInt32(699_921_578);
        writer.WriteString("testing");
        writer.WriteUInt64(5);
        writer.WriteByte(7);
        Assert.Equal("29B7F4AA" + "00000007" + "74657374696E67" + "0000000000000005" + "07", Convert.ToHexString(writer.Written));
    }
}
