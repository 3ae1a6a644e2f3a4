using Keyhole.Packets;

namespace Keyhole.NetStack.Tests;

/// <summary>A sink that keeps what was committed. Rented spans are pre-filled, so that a byte nobody wrote shows.</summary>
internal sealed class PacketLog : IPacketSink
{
    public const byte Unwritten = 0xD7;

    private readonly byte[] _rented = new byte[ushort.MaxValue + 64];

    public List<byte[]> Packets { get; } = [];

    public bool IsFull { get; set; }

    /// <summary>Counts and forgets: for tests that measure allocation.</summary>
    public bool IsForgetful { get; set; }

    public long Committed { get; private set; }

    public Span<byte> Rent(int peer, int length)
    {
        var span = _rented.AsSpan(0, length);
        span.Fill(Unwritten);
        return span;
    }

    public void Commit(int peer, int length)
    {
        Committed++;
        if (!IsForgetful)
            Packets.Add(_rented[..length]);
    }

    public bool CanSend(int peer) => !IsFull;

    public byte[] TakeOnly()
    {
        byte[] only = Assert.Single(Packets);
        Packets.Clear();
        return only;
    }

    public static IpView Parse(ReadOnlySpan<byte> packet)
    {
        if (!IpView.TryParse(packet, out var view))
            Assert.Fail("The packet does not parse: " + Convert.ToHexString(packet));
        Assert.Equal(packet.Length, view.TotalLength);
        return view;
    }
}
