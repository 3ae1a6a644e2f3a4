using Keyhole.Cryptography;

namespace Keyhole.WireGuard;

/// <summary>What a <see cref="Device"/> is made of. Durations are microseconds.</summary>
public sealed record DeviceOptions
{
    /// <summary>The static key. It stays the caller's to dispose, after the device.</summary>
    public required PrivateKey PrivateKey { get; init; }

    public required RandomSource RandomSource { get; init; }

    /// <summary>Takes what the device sends by itself.</summary>
    public required IDatagramOutput Output { get; init; }

    /// <summary>The TAI64N label at <c>now</c> = 0, so that a label can be given without a clock.</summary>
    public required Tai64n TimestampAtZero { get; init; }

    /// <summary>Of peers that bring none of their own.</summary>
    public TimerSchedule TimerSchedule { get; init; } = TimerSchedule.Paper;

    /// <summary>How far behind the greatest a counter may be: 64 less than a power of two, such as 8,128 (1 KiB per session) or 65,472 (8 KiB).</summary>
    public int ReplayWindowLength { get; init; } = ReplayWindow.StandardLength;

    public LoadPolicy LoadPolicy { get; init; } = LoadPolicy.Standard;

    /// <summary>Most peers at a time; 1 to 1,048,576.</summary>
    public int MaximumPeers { get; init; } = 1024;

    /// <summary>Up to which packets are padded, for peers that bring no value of their own.</summary>
    public int Mtu { get; init; } = 1420;

    /// <summary>Packets that wait for one peer's session; the oldest gives way.</summary>
    public int MaximumStagedPackets { get; init; } = 128;

    /// <summary>Bytes that wait for sessions in all; the newest is dropped.</summary>
    public int MaximumStagedBytes { get; init; } = 16 << 20;

    /// <summary>Events that wait for <see cref="Device.TryDequeueEvent"/>; the oldest gives way.</summary>
    public int MaximumEvents { get; init; } = 4096;

    /// <summary>
    /// Whether a fresh index may be used towards a peer; null accepts all. A relay refuses those that its forwarding entries of that peer hold.
    /// </summary>
    public Func<Peer, uint, bool>? AcceptIndex { get; init; }
}
