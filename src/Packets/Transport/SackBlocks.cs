using System.Runtime.CompilerServices;

namespace Keyhole.Packets;

/// <summary>Room for the four blocks that 40 bytes of options can hold (RFC 2018 section 3).</summary>
[InlineArray(Maximum)]
public struct SackBlocks
{
    public const int Maximum = 4;

    private SackBlock _first;
}
