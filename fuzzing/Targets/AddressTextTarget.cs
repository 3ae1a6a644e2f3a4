using System.Text;
using Keyhole.Packets;

namespace Keyhole.Fuzz;

/// <summary>Addresses, prefixes and endpoints as people and Control write them.</summary>
internal sealed class AddressTextTarget : IFuzzTarget
{
    private static readonly string[] Samples =
    [
        "192.0.2.1", "::", "fe80::1", "2001:db8::1:2:3", "10.0.0.0/8", "::/0", "2001:db8::/32", "192.0.2.1:21820", "[2001:db8::1]:21820",
        "::ffff:192.0.2.1", "01.2.3.4", "fe80::1%eth0",
    ];

    public string Name => "address-text";

    public string Door => "text to IpAddress, IpPrefix and IpEndpoint";

    public int MaximumLength => 100;

    public IEnumerable<(string Name, byte[] Input)> Seeds =>
        Samples.Select((text, index) => ($"text-{index:00}", Encoding.UTF8.GetBytes(text)));

    public ulong Run(Span<byte> input)
    {
        string text = Encoding.Latin1.GetString(input);
        var outcome = new Outcome();
        bool isAddress = IpAddress.TryParse(text, out var address);
        outcome.Add(isAddress);
        if (isAddress)
        {
            outcome.Add(address.IsIpv4);
            Promise.Holds(IpAddress.Parse(address.ToString()) == address);
            Span<byte> bytes = stackalloc byte[16];
            Promise.Holds(IpAddress.FromBytes(bytes[..address.WriteTo(bytes)]) == address);
        }

        bool isPrefix = IpPrefix.TryParse(text, out var prefix);
        outcome.Add(isPrefix);
        if (isPrefix)
        {
            outcome.Add(prefix.IsHost);
            Promise.Holds(IpPrefix.Parse(prefix.ToString()) == prefix);
            Promise.Holds(prefix.Contains(prefix.Address) && prefix.Overlaps(prefix));
        }

        bool isEndpoint = IpEndpoint.TryParse(text, out var endpoint);
        outcome.Add(isEndpoint);
        if (isEndpoint)
            Promise.Holds(IpEndpoint.TryParse(endpoint.ToString(), out var again) && again == endpoint);
        return outcome.Value;
    }
}
