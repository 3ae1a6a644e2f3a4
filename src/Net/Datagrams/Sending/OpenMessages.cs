using System.Numerics;
using Keyhole.Packets;

namespace Keyhole.Net;

/// <summary>
/// Destination to the message of a send batch that was last begun for it. Only that one may be appended to, whatever its
/// size and traffic class: appending to an older one would overtake. Emptied by a new stamp, without touching the slots.
/// </summary>
internal sealed unsafe class OpenMessages
{
    // Destinations that collide on purpose would make each look-up a walk.
    private static readonly ulong Seed = (ulong)Random.Shared.NextInt64();

    private readonly Slot[] _slots;
    private readonly int _mask;
    private uint _stamp = 1;

    /// <param name="capacity">Most destinations at one time.</param>
    internal OpenMessages(int capacity)
    {
        _slots = new Slot[BitOperations.RoundUpToPowerOf2((uint)capacity * 2)];
        _mask = _slots.Length - 1;
    }

    internal void Clear()
    {
        if (++_stamp != 0)
            return;
        Array.Clear(_slots);
        _stamp = 1;
    }

    /// <summary>The index of the message for this destination; when it is -1 the caller stores one.</summary>
    internal ref int Find(in IpEndpoint destination, OutgoingMessage* messages)
    {
        ulong mixed = ((destination.Address.High ^ Seed) * 0x9E37_79B9_7F4A_7C15 ^ destination.Address.Low ^ (ulong)destination.Port << 48 ^ Seed)
            * 0xD6E8_FEB8_6659_FD93;
        for (int i = (int)(mixed >> 40) & _mask; ; i = (i + 1) & _mask)
        {
            ref var slot = ref _slots[i];
            if (slot.Stamp != _stamp)
            {
                slot.Stamp = _stamp;
                slot.Message = -1;
                return ref slot.Message;
            }

            if (messages[slot.Message].Destination == destination)
                return ref slot.Message;
        }
    }

    private struct Slot
    {
        internal uint Stamp;
        internal int Message;
    }
}
