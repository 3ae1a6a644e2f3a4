namespace Keyhole.SshHost;

/// <summary>Whose an account of the host is that the state names.</summary>
internal enum Ownership
{
    /// <summary>There is none of that name, or it is somebody else's.</summary>
    Foreign,

    /// <summary>Name and number are ours and the comment is not: what was given is taken away in its time, and nothing is given any more.</summary>
    Changed,

    /// <summary>It is as it was made.</summary>
    Ours,
}
