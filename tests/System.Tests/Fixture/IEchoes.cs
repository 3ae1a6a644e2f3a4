namespace Keyhole.System.Tests;

/// <summary>Something small that is sent all the time and comes back in order, numbered from 1.</summary>
internal interface IEchoes
{
    /// <summary>How many were sent, counted just before each is.</summary>
    long SentCount { get; }

    /// <summary>The greatest number that came back; 0 before the first.</summary>
    long BackCount { get; }

    /// <summary>True once nothing more can come back.</summary>
    bool Ended { get; }
}
