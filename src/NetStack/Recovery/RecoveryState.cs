namespace Keyhole.NetStack;

/// <summary>Where loss recovery stands.</summary>
internal enum RecoveryState : byte
{
    /// <summary>Nothing is known to be lost.</summary>
    Open,

    /// <summary>Fast recovery: loss was found by acknowledgements, PRR governs the window.</summary>
    Recovery,

    /// <summary>The retransmission timer expired: slow start from one segment.</summary>
    Loss,
}
