namespace Keyhole.NetStack.Tests.Scripts;

/// <summary>What every script runs with: where sequence numbers wrap, as unsigned and as signed numbers, either family, either input path.</summary>
public enum Variant
{
    /// <summary>IPv4, initial sequence numbers far from any edge.</summary>
    Ordinary,

    /// <summary>IPv4, both initial sequence numbers are 0xFFFFFF00: they wrap after 256 bytes.</summary>
    Wraps,

    /// <summary>IPv6, both initial sequence numbers are 0x7FFFFF00: they become negative as signed numbers after 256 bytes.</summary>
    ChangesSign,

    /// <summary>IPv6, both initial sequence numbers are 0xFFFFFF00, and every segment takes the long path.</summary>
    WrapsOnLongPath,
}
