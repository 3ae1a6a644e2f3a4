using System.Text;
using Keyhole.Contracts;
using Keyhole.Packets;
using Keyhole.Tunnel;

namespace Keyhole.Fuzz;

/// <summary>The client's name server: whatever is asked, an answer is a message that belongs to the query and tells only what was granted.</summary>
internal sealed class DnsQueryTarget : IFuzzTarget
{
    private static readonly IpAddress Web = IpAddress.Parse("100.96.0.1");

    private static readonly NameTable Names = new(
    [
        new ResourceRow(1, 1, "web", "192.168.1.20", [$"{Web}/32", "fd00::1/128"], "web.acme", [], [], true),
        new ResourceRow(2, 1, "apps", "apps.corp", ["100.96.0.2/32"], "*-?.apps.acme", [], [], true),
    ]);

    private readonly byte[] _response = new byte[NameResponder.MaximumResponseLength];

    public string Name => "dns-query";

    public string Door => "a datagram of a program on the machine to DnsView and NameResponder";

    public int MaximumLength => 600;

    public IEnumerable<(string Name, byte[] Input)> Seeds =>
    [
        ("a", Query("web.acme", DnsType.A)),
        ("aaaa", Query("WEB.Acme", DnsType.Aaaa)),
        ("any", Query("web.acme", DnsType.Any)),
        ("mx", Query("web.acme", DnsType.Mx)),
        ("wildcard", Query("x-1.apps.acme", DnsType.A)),
        ("ptr", Query(ReverseName.Of(Web), DnsType.Ptr)),
        ("ptr-ipv6", Query(ReverseName.Of(IpAddress.Parse("fd00::1")), DnsType.Ptr)),
        ("other", Query("example.com", DnsType.A)),
        ("edns", [.. Query("web.acme", DnsType.A, additional: 1), 0, 0, 41, 4, 0xD0, 0, 0, 0x80, 0, 0, 0]),
        ("edns-version-1", [.. Query("web.acme", DnsType.A, additional: 1), 0, 0, 41, 4, 0xD0, 0, 1, 0x80, 0, 0, 0]),
        ("pointer", [.. Query("web.acme", DnsType.A)[..12], 3, (byte)'w', (byte)'e', (byte)'b', 0xC0, 12, 0, 1, 0, 1]),
    ];

    public ulong Run(Span<byte> input)
    {
        var outcome = new Outcome();
        var verdict = NameResponder.Respond(Names, input, _response, out int length);
        outcome.Add((long)verdict);
        Promise.Holds(verdict == NameVerdict.Answered == (length > 0));
        if (verdict != NameVerdict.Answered)
            return outcome.Value;

        Promise.Holds(DnsView.TryParse(_response.AsSpan(0, length), out var response));
        Promise.Holds(response.IsResponse && response.Message[..2].SequenceEqual(input[..2]));
        outcome.Add(response.ResponseCode);
        outcome.Add(response.RecordCount);
        if (response.QuestionCount == 0)
        {
            Promise.Holds(length == DnsView.HeaderLength);
            return outcome.Value;
        }

        Promise.Holds(DnsView.TryParse(input, out var query));
        Promise.Holds(query.TryGetQuestion(out var asked) & response.TryGetQuestion(out var answered));
        Promise.Holds(asked.Name.Equals(answered.Name) && asked.Type == answered.Type && asked.Class == answered.Class);
        outcome.AddScale(asked.Type);
        foreach (var record in response.Records)
        {
            outcome.Add(record.Type);
            if (record.TryGetAddress(out var address))
                Promise.Holds(address == Web || address == IpAddress.Parse("fd00::1") || address == IpAddress.Parse("100.96.0.2"));
        }

        return outcome.Value;
    }

    private static byte[] Query(string name, ushort type, byte additional = 0) =>
    [
        0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, additional,
        .. name.Split('.').SelectMany(label => Encoding.ASCII.GetBytes(label).Prepend((byte)label.Length)), 0, (byte)(type >> 8), (byte)type, 0, 1,
    ];
}
