namespace Keyhole.NetStack;

/// <summary>
/// A congestion controller. It decides how the window grows and how far it falls; loss detection, PRR and undoing are the flow's.
/// One object serves one flow at a time.
/// </summary>
internal interface ICongestion
{
    /// <summary>Bytes per second at which the flow is to be paced; 0 for bursts as the window allows.</summary>
    long PacingRate { get; }

    /// <summary>A new flow begins; the window is the initial one.</summary>
    void Reset();

    /// <summary>Outside fast recovery: lets the window grow.</summary>
    void OnAcknowledged(ref CongestionWindow window, in AckEvent ack);

    /// <summary>Loss was found: the new slow start threshold. The window itself follows by PRR, or is one segment after a timeout.</summary>
    int OnCongestion(in CongestionWindow window, bool timeout, long now);

    /// <summary>The last OnCongestion was needless; the flow restores the window.</summary>
    void OnUndo();

    /// <summary>The flow sends again after nothing was in flight for this long.</summary>
    void OnIdle(long duration);
}
