using Keyhole.Packets;

namespace Keyhole.Edge;

/// <summary>
/// The conversation with one gateway about one UDP port as a calculation: PCP first, NAT-PMP where the gateway knows no better. Instants are monotonic
/// microseconds.
/// <code>
/// AskingPcp --answer--> Mapped --half its lifetime--> asks again the same way
///     |--another version, or silence--> AskingAddress --> AskingPort --answer--> Mapped
///     '--refusal, or silence of both--> Resting --> AskingPcp
/// </code>
/// </summary>
internal sealed class MappingSession
{
    /// <summary>Seconds that are asked for: as long as a mapping may outlive a program that was killed.</summary>
    public const uint RequestedLifetime = 3600;

    /// <summary>What any message of a session fits in.</summary>
    public const int MaximumLength = PcpMap.Length;

    private const long FirstPatience = 250_000;
    private const int MaximumTries = 4;
    private const long ShortestRest = 60_000_000;
    private const long SilentRest = 600_000_000;
    private const long LongestRest = 1_800_000_000;
    private const uint ShortestLifetime = 60;

    private readonly IpAddress _client;
    private readonly ushort _port;
    private readonly byte[] _nonce;
    private bool _speaksPcp;
    private IpAddress _address;
    private IpEndpoint _last;
    private uint _epoch;
    private long _epochAt;
    private long _expiresAt;
    private int _tries;

    /// <param name="client">The address that the gateway sees this host at.</param>
    /// <param name="port">The port to be mapped, on this host.</param>
    /// <param name="nonce">12 random bytes.</param>
    public MappingSession(IpAddress client, ushort port, ReadOnlySpan<byte> nonce)
    {
        _client = client;
        _port = port;
        _nonce = nonce[..PcpMap.NonceLength].ToArray();
    }

    public MappingState State { get; private set; } = MappingState.AskingPcp;

    /// <summary>Where the port is reached from outside; null while it is not.</summary>
    public IpEndpoint? External { get; private set; }

    /// <summary>When <see cref="Next"/> wants to be called. At first, at once.</summary>
    public long Deadline { get; private set; } = long.MinValue;

    /// <summary>Does what is due and writes the message that it takes.</summary>
    /// <returns>The length of the message; 0 for none.</returns>
    public int Next(Span<byte> datagram, long now)
    {
        if (External.HasValue && now >= _expiresAt)
            External = null;
        if (now < Deadline)
            return 0;
        switch (State)
        {
            case MappingState.Mapped:
                Ask(_speaksPcp ? MappingState.AskingPcp : MappingState.AskingAddress);
                break;
            case MappingState.Resting:
                Ask(MappingState.AskingPcp);
                break;
            case MappingState.AskingPcp when _tries == MaximumTries && !_speaksPcp:
                Ask(MappingState.AskingAddress);
                break;
            case var _ when _tries == MaximumTries:
                Rest(SilentRest, now);
                return 0;
        }

        Deadline = now + (FirstPatience << _tries++);
        switch (State)
        {
            case MappingState.AskingPcp:
                PcpMap.Write(datagram, _client, _port, Suggested, _nonce, RequestedLifetime);
                return PcpMap.Length;
            case MappingState.AskingAddress:
                NatPmp.WriteAddressRequest(datagram);
                return NatPmp.AddressRequestLength;
            default:
                NatPmp.WriteMapRequest(datagram, _port, Suggested.Port, RequestedLifetime);
                return NatPmp.MapRequestLength;
        }
    }

    /// <summary>Deals with a datagram of the gateway. What answers no question of this session changes nothing.</summary>
    public void Receive(ReadOnlySpan<byte> datagram, long now)
    {
        switch (State)
        {
            case MappingState.AskingPcp when PcpMap.TryParse(datagram, _port, _nonce, out var answer):
                CheckEpoch(answer.Epoch, now);
                _speaksPcp = answer.Result == 0;
                if (_speaksPcp)
                    Map(new IpEndpoint(answer.Address, answer.Port), answer.Lifetime, now);
                else
                    Rest(answer.Lifetime * 1_000_000L, now);
                break;
            case MappingState.AskingPcp when !_speaksPcp && PcpMap.IsUnsupported(datagram):
                Ask(MappingState.AskingAddress);
                Deadline = now;
                break;
            case MappingState.AskingAddress when NatPmp.TryParseAddress(datagram, out var answer):
                CheckEpoch(answer.Epoch, now);
                if (answer.Result != 0)
                {
                    Rest(SilentRest, now);
                    break;
                }

                _address = answer.Address;
                Ask(MappingState.AskingPort);
                Deadline = now;
                break;
            case MappingState.AskingPort when NatPmp.TryParseMap(datagram, _port, out var answer):
                if (answer.Result == 0)
                    Map(new IpEndpoint(_address, answer.Port), answer.Lifetime, now);
                else
                    Rest(SilentRest, now);
                break;
        }
    }

    /// <summary>Writes the message that gives the mapping back; 0 where there is none.</summary>
    public int Release(Span<byte> datagram)
    {
        if (External is null)
            return 0;
        External = null;
        if (_speaksPcp)
        {
            PcpMap.Write(datagram, _client, _port, Unspecified, _nonce, 0);
            return PcpMap.Length;
        }

        NatPmp.WriteMapRequest(datagram, _port, 0, 0);
        return NatPmp.MapRequestLength;
    }

    private static IpEndpoint Unspecified => new(IpAddress.Ipv4Any, 0);

    private IpEndpoint Suggested => _last.Port == 0 ? Unspecified : _last;

    private void Ask(MappingState how)
    {
        State = how;
        _tries = 0;
    }

    private void Map(IpEndpoint external, uint lifetime, long now)
    {
        if (external.Port == 0 || !external.Address.IsUnicast || lifetime == 0)
        {
            Rest(SilentRest, now);
            return;
        }

        // A gateway that grants seconds would be asked without end.
        long granted = Math.Max(lifetime, ShortestLifetime) * 1_000_000L;
        State = MappingState.Mapped;
        External = _last = external;
        _expiresAt = now + granted;
        Deadline = now + granted / 2;
    }

    private void Rest(long duration, long now)
    {
        // While the mapping stands a failed renewal is not its end.
        State = MappingState.Resting;
        long rest = Math.Clamp(duration, ShortestRest, LongestRest);
        Deadline = now + (External.HasValue ? Math.Min(rest, Math.Max((_expiresAt - now) / 2, ShortestRest / 4)) : rest);
    }

    /// <summary>A gateway whose clock went back has lost its mappings (RFC 6887, section 8.5): what it gave before is no more.</summary>
    private void CheckEpoch(uint epoch, long now)
    {
        if (External.HasValue && epoch + 2L < _epoch + (now - _epochAt) / 1_000_000 * 7 / 8)
            External = null;
        _epoch = epoch;
        _epochAt = now;
    }
}
