namespace Keyhole.Packets;

/// <summary>Response codes (IANA "DNS RCODEs"). Those above 15 need EDNS, which carries their upper bits.</summary>
public static class DnsResponseCode
{
    public const int NoError = 0;
    public const int FormatError = 1;
    public const int ServerFailure = 2;
    public const int NoSuchName = 3;
    public const int NotImplemented = 4;
    public const int Refused = 5;
    public const int BadVersion = 16;
}
