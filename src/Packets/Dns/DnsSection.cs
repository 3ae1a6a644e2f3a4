namespace Keyhole.Packets;

/// <summary>Where in a message a record stands (RFC 1035 section 4.1).</summary>
public enum DnsSection
{
    Answer,
    Authority,
    Additional,
}
