namespace Keyhole.Control;

/// <summary>How a connector's order ended.</summary>
internal enum SshOutcomeKind
{
    /// <summary>The connector made the account, or said why not.</summary>
    Answered,

    /// <summary>Its connection was over before it was told anything: another one can be asked.</summary>
    NotSent,

    /// <summary>Its connection broke before it answered.</summary>
    Lost,

    /// <summary>It did not answer in time.</summary>
    Late,

    /// <summary>It is connected to another server, and the order is too long to be passed on.</summary>
    TooLong,
}
