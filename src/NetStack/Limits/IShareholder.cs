namespace Keyhole.NetStack;

/// <summary>An object that counts against its peer's share of a bounded table.</summary>
internal interface IShareholder<T>
    where T : class, IShareholder<T>
{
    PeerShare<T>? Share { get; set; }

    ref AgeLink<T> ShareLink { get; }

    /// <summary>Objects that have proven themselves give way after those that have not.</summary>
    bool IsProven { get; }
}
