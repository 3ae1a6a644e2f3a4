namespace Keyhole.NetStack;

/// <summary>What became of a fragment.</summary>
internal enum FragmentOutcome
{
    Stored,

    /// <summary>The same bytes at the same place were there already.</summary>
    Duplicate,

    /// <summary>The datagram is given up.</summary>
    Spoiled,

    /// <summary>Nothing is missing any more.</summary>
    Complete,
}
