using Keyhole.Packets;

namespace Keyhole.NetStack;

// Connections that do not exist yet: SYNs, what waits for the host, TIME-WAIT, segments for nobody.
public sealed partial class TcpStack
{
    internal TcpFlow? Accept(PendingSyn syn)
    {
        Retire(syn);
        var flow = TakeFlow();
        flow.Open(syn.IncomingKey, syn.Peer, syn.Account, active: false, _now);
        flow.State = syn.State;
        flow.Irs = syn.Irs;
        flow.RcvNxt = flow.LastAckSent = syn.Irs + 1;
        TcpHandshake.TakeOptions(flow, syn.MaximumSegmentSize, syn.WindowScale, syn.SackPermitted, syn.HasTimestamps, syn.TimestampValue);
        flow.SndWnd = flow.MaxSndWnd = syn.Window;
        flow.SndWl1 = syn.Irs;
        Begin(flow, TcpState.SynReceived, Isn(syn.Key, syn.IsnAfter));
        flow.SndWl2 = flow.Iss;
        return flow;
    }

    internal void Refuse(PendingSyn syn)
    {
        Forget(syn);
        StatelessReply.Reset(this, syn);
    }

    internal void Refuse(PendingSyn syn, UnreachableCode code)
    {
        Forget(syn);
        StatelessReply.Unreachable(this, syn, code);
    }

    internal void Forget(PendingSyn syn)
    {
        _table.Remove(syn.IncomingKey);
        Retire(syn);
    }

    internal void Abandon(PendingSyn syn)
    {
        if (!syn.IsPending)
            return;
        Forget(syn);
        Host.OnSynAbandoned(syn);
    }

    private TcpFlow? OpenActive(in FlowKey key, int peer, PeerAccount account, long now)
    {
        var incoming = key.Reverse();
        if (_table.Find(incoming) is not null || !HasRoomForFlow(account))
            return null;
        uint? after = null;
        ref var timeWait = ref _timeWait.Find(incoming, out bool found);
        if (found)
        {
            after = timeWait.SndNxt;
            _timeWait.Remove(incoming);
        }

        var flow = TakeFlow();
        flow.Open(incoming, peer, account, active: true, now);
        TcpHandshake.TakeOptions(flow, null, null, sackPermitted: false, hasTimestamps: false, 0);
        Begin(flow, TcpState.SynSent, Isn(key, after));
        return flow;
    }

    private void Begin(TcpFlow flow, TcpState state, uint iss)
    {
        flow.TcpState = state;
        flow.TimestampOffset = (uint)_timestampHash.Hash(flow.Key);
        flow.Iss = flow.SndUna = flow.SndNxt = flow.UndoMarker = iss;
        flow.RecoveryPoint = iss;
        flow.RcvLimit = Budget.IsShort(flow.Account) ? Math.Min(Options.InitialReceiveWindow, 16 << 10) : Options.InitialReceiveWindow;
        flow.RcvAdv = flow.RcvNxt;
        _table.Set(flow);
        flow.IsInTable = true;
        flow.Account.Add(flow);
        FlowCount++;
        Counters.FlowsOpened++;
        MarkDirty(flow);
    }

    private void InputWithoutConnection(in FlowKey key, in TcpView view, in Segment segment, int peer, long now)
    {
        ref var timeWait = ref _timeWait.Find(key, out bool found);
        if (found)
        {
            InputTimeWait(ref timeWait, key, view, segment, peer, now);
        }
        else if (segment.IsSyn && (segment.Flags & (TcpFlags.Ack | TcpFlags.Rst | TcpFlags.Fin)) == 0)
        {
            InputSyn(key, view, segment, peer, null, now);
        }
        else
        {
            Counters.Drop(DropReason.NoFlow);
            StatelessReply.Reset(this, key, peer, segment);
        }
    }

    private void InputSyn(in FlowKey key, in TcpView view, in Segment segment, int peer, uint? isnAfter, long now)
    {
        // RFC 9293 section 3.9.2.3 (MUST-57): a SYN to a group is no SYN. Loopback and unspecified addresses did not pass IpView.
        if (IsGroup(key.Destination) || !view.TryGetOptions(out var options))
        {
            Counters.Drop(DropReason.Malformed);
            return;
        }

        var account = AccountOf(peer);
        if (PendingCount >= Options.MaximumPending || account.Pending >= Options.MaximumPendingPerPeer)
        {
            Counters.Drop(DropReason.PendingLimit);
            return;
        }

        if (!HasRoomForFlow(account))
        {
            Counters.Drop(DropReason.FlowLimit);
            return;
        }

        if (!account.TryTakeSyn(Options.SynRate, Options.SynBurst, now))
        {
            Counters.Drop(DropReason.SynRate);
            return;
        }

        var syn = new PendingSyn(this, key, peer, account) { IsnAfter = isnAfter };
        syn.Take(segment, options);
        _table.Set(syn);
        account.Pending++;
        PendingCount++;
        Wheel.Schedule(syn, now + Options.DialTimeout);
        Counters.SynsOffered++;
        Host.OnSyn(syn);
    }

    // A segment for a SYN whose target is still being dialled.
    private void InputPending(PendingSyn syn, in TcpView view, in Segment segment)
    {
        if (segment.IsRst)
        {
            // RFC 5961 section 3: only the exact number resets. To a peer in SYN-SENT that is the one after its SYN.
            if (segment.Seq == syn.Irs + 1 || (segment.Seq == syn.Irs && !segment.IsAck))
            {
                Counters.ResetsReceived++;
                Abandon(syn);
            }
            else
            {
                Counters.Drop(DropReason.Unacceptable);
            }
        }
        else if (segment.IsSyn && (segment.Flags & (TcpFlags.Ack | TcpFlags.Fin)) == 0)
        {
            // The same SYN again, or the SYN of a peer that started over: either way the dial goes on.
            if (view.TryGetOptions(out var options))
                syn.Take(segment, options);
        }
        else
        {
            Counters.Drop(DropReason.Unacceptable);
        }
    }

    private void InputTimeWait(ref TimeWaitTable.Entry entry, in FlowKey key, in TcpView view, in Segment segment, int peer, long now)
    {
        if (entry.Peer != peer)
        {
            Counters.Drop(DropReason.WrongPeer);
            return;
        }

        if (segment.IsSyn && !segment.IsAck && !segment.IsRst && IsNewer(entry, segment))
        {
            // RFC 9293 section 3.6.1, RFC 6191 section 2: the same ports again. Our next ISN lies behind the last one.
            uint after = entry.SndNxt;
            _timeWait.Remove(key);
            InputSyn(key, view, segment, peer, after, now);
            return;
        }

        // RFC 1337: a reset does not end TIME-WAIT.
        Counters.Drop(DropReason.TimeWait);
        if (segment.IsRst || (segment.Length == 0 && segment.Seq == entry.RcvNxt))
            return;
        var options = new TcpOptions();
        if (entry.TimestampsOn)
        {
            options.HasTimestamps = true;
            options.TimestampValue = (uint)(now / 1000) + entry.TimestampOffset;
            options.TimestampEchoReply = entry.TsRecent;
        }

        StatelessReply.Send(this, key, peer, entry.SndNxt, entry.RcvNxt, TcpFlags.Ack, options);
    }

    private static bool IsNewer(in TimeWaitTable.Entry entry, in Segment segment)
    {
        if (entry.TimestampsOn && segment.HasTimestamps && segment.TimestampValue != entry.TsRecent)
            return Seq.Greater(segment.TimestampValue, entry.TsRecent);
        return Seq.Greater(segment.Seq, entry.RcvNxt);
    }

    private static bool IsGroup(IpAddress address) => address.IsIpv4 ? address.Ipv4 >> 28 >= 0xE : address.High >> 56 == 0xFF;

    private bool HasRoomForFlow(PeerAccount account) =>
        FlowCount + PendingCount < Options.MaximumFlows
        && account.Flows + account.Pending < Options.MaximumFlowsPerPeer
        && !Budget.IsExhausted(account);

    /// <summary>RFC 6528 section 3: M + F(addresses, ports, secret), M counting four microseconds.</summary>
    private uint Isn(in FlowKey key, uint? after)
    {
        uint isn = (uint)(_now >> 2) + (uint)_sequenceHash.Hash(key);
        return after is { } last && Seq.LessOrEqual(isn, last) ? last + ushort.MaxValue : isn;
    }

    private PeerAccount AccountOf(int peer)
    {
        if (!_accounts.TryGetValue(peer, out var account))
            _accounts[peer] = account = new PeerAccount();
        return account;
    }

    private void Retire(PendingSyn syn)
    {
        Wheel.Cancel(syn);
        syn.IsPending = false;
        syn.Account.Pending--;
        PendingCount--;
    }
}
