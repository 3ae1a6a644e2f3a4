namespace Keyhole.Net;

/// <summary>What a TUN device leaves to the program (TUNSETOFFLOAD): packets up to 64 KiB with unfinished checksums come and go.</summary>
[Flags]
public enum TunOffload
{
    None = 0,
    Checksum = 0x1,
    Tso4 = 0x2,
    Tso6 = 0x4,
    TsoEcn = 0x8,
    Uso4 = 0x20,
    Uso6 = 0x40,
}
