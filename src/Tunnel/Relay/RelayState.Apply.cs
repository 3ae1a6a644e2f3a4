using Keyhole.Contracts;
using Keyhole.Cryptography;
using Keyhole.Packets;
using Keyhole.WireGuard;

namespace Keyhole.Tunnel;

public sealed partial class RelayState
{
    private long _tableSince;

    /// <summary>
    /// Puts a table in force, at once and whole: who is not in it has no session any more, and flows that it does not grant are cut. The same table
    /// again changes nothing.
    /// </summary>
    /// <param name="relay">The relay's own row: whether it is a gateway.</param>
    public RelayApplied Apply(int relay, Table table, long now)
    {
        ArgumentNullException.ThrowIfNull(table);
        bool isFirst = Revision < 0;
        IsGateway = table.Relays.Any(row => row.Id == relay && row.Gateway);
        var wanted = new Dictionary<int, PeerRow>(table.Peers.Count);
        foreach (var row in table.Peers)
        {
            if (row.PublicKey is not null && (IsGateway || row.Kind != PeerKind.ExternalClient))
                wanted[row.Id] = row;
        }

        int cut = 0;
        int removed = RemoveUnwanted(wanted, now, ref cut);
        int refused = 0;
        int added = 0;
        foreach (var row in wanted.Values.OrderBy(row => row.Id))
        {
            if (_byId.TryGetValue(row.Id, out var slot))
                slot.Row = row;
            else if (TryAdd(row))
                added++;
            else
                refused++;
        }

        ForgetSites(table);
        var routes = new GatewayRouteBuilder(table, SiteOf);
        foreach (var slot in _byId.Values)
        {
            if (!slot.IsConnector)
                SetRoutes(slot, routes.For(slot.Row.Id));
        }

        cut += CutUngrantedFlows(now);
        Revision = table.Revision;
        if (isFirst)
        {
            _tableSince = now;
            _housekeepingAt = now + HousekeepingInterval;
            FinishRestart(now);
        }

        return new RelayApplied(table.Revision, added, removed, cut, refused);
    }

    /// <summary>Takes out who is gone, and who has another key, preshared key, kind, site or address now: such a one starts anew.</summary>
    private int RemoveUnwanted(Dictionary<int, PeerRow> wanted, long now, ref int cut)
    {
        var gone = _byId.Values.Where(slot => !wanted.TryGetValue(slot.Row.Id, out var row) || !IsSameAgent(slot.Row, row)).ToList();
        foreach (var slot in gone)
        {
            // First the session, so that not even a reset is sealed for it.
            _device.RemovePeer(slot.Peer);
            int flows = CutFlowsOf(slot, tcpOnly: false, now);
            cut += flows;
            Raise(RelayEventKind.Removed, slot, flows);
            Forwarding.SetAddress(slot.Index, null);
            ForgetAgent(slot);
            slot.Site?.Connectors.Remove(slot);
            EraseRecords(slot.Index);
            _slots[slot.Index] = null;
            _freeSlots.Push(slot.Index);
            _byId.Remove(slot.Row.Id);
        }

        return gone.Count;
    }

    private static bool IsSameAgent(PeerRow old, PeerRow row) =>
        old.PublicKey == row.PublicKey
        && old.PresharedKey == row.PresharedKey
        && old.Kind == row.Kind
        && old.Site == row.Site
        && old.Stock == row.Stock
        && old.Addresses.SequenceEqual(row.Addresses);

    private bool TryAdd(PeerRow row)
    {
        if (!PublicKey.TryParse(row.PublicKey, out var key)
            || key == PublicKey
            || _device.FindPeer(key) is not null
            || !TryParse(row.Addresses, out var addresses)
            || !TryParsePresharedKey(row.PresharedKey, out var presharedKey)
            || !TryFindPlace(key, out int index, out var record))
            return false;
        using var copied = presharedKey;
        var slot = new AgentSlot(index, row);
        slot.Peer = _device.AddPeer(new PeerOptions
        {
            PublicKey = key,
            PresharedKey = presharedKey,
            AllowedIps = row.Kind == PeerKind.ExternalClient ? addresses : [],
            AcceptAnySource = row.Kind == PeerKind.Connector,
            Endpoint = record.Address,
            GreatestTimestamp = record.Timestamp,
            TimerSchedule = row.Stock ? _options.StockSchedule : _options.AgentSchedule,
            State = slot,
        });
        slot.Address = record.Address;
        slot.BootNonce = record.BootNonce;
        slot.RecordedHeardAt = record.HeardAt;
        slot.RecordVersion = record.Version;
        Forwarding.SetAddress(index, slot.Address);
        if (row is { Kind: PeerKind.Connector, Site: { } site })
        {
            slot.Site = SiteOf(site);
            slot.Site.Connectors.Add(slot);
        }

        _slots[index] = slot;
        _byId.Add(row.Id, slot);
        return true;
    }

    /// <summary>The place that the agent had before a restart, or a free one.</summary>
    private bool TryFindPlace(in PublicKey key, out int index, out SlotRecord record)
    {
        if (_remembered.TryGetValue(key, out var known) && _slots[known.Slot] is null)
        {
            (index, record) = known;
            if (record.Address is { } address && Forwarding.TryFindAgent(address, out _))
                record = record with { Address = null };
            return true;
        }

        record = default;
        return _freeSlots.TryPop(out index);
    }

    private void ForgetSites(Table table)
    {
        var named = table.Sites.Select(site => site.Id).ToHashSet();
        foreach (var site in _sites.Values.Where(site => site.Connectors.Count == 0 && !named.Contains(site.Id)).ToList())
            _sites.Remove(site.Id);
    }

    private RelaySite SiteOf(int id)
    {
        if (!_sites.TryGetValue(id, out var site))
            _sites.Add(id, site = new RelaySite(id));
        return site;
    }

    private static bool TryParse(IReadOnlyList<string> texts, out List<IpPrefix> addresses)
    {
        addresses = new List<IpPrefix>(texts.Count);
        foreach (string text in texts)
        {
            if (!IpPrefix.TryParse(text, out var prefix) || !prefix.IsHost)
                return false;
            addresses.Add(prefix);
        }

        return true;
    }

    private static bool TryParsePresharedKey(string? text, out PresharedKey? key)
    {
        key = null;
        if (text is null)
            return true;
        Span<byte> bytes = stackalloc byte[PresharedKey.Length];
        bool parsed = Convert.TryFromBase64String(text, bytes, out int length) && length == PresharedKey.Length;
        if (parsed)
            key = new PresharedKey(bytes);
        Zero.Fill(bytes);
        return parsed;
    }
}
