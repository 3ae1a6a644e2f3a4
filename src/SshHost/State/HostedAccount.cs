namespace Keyhole.SshHost;

/// <summary>An account that the daemon made. It is ours as long as name, uid and marker are the same in the host's user database.</summary>
internal sealed record HostedAccount
{
    public required string Authority { get; init; }

    /// <summary>The user in the authority's organisation.</summary>
    public required int User { get; init; }

    public required string Name { get; init; }

    /// <summary>0 while it is being made.</summary>
    public long Uid { get; init; }

    public required string Identity { get; init; }

    public required DateTimeOffset Created { get; init; }

    public DateTimeOffset LastLogin { get; init; }

    /// <summary>What it is meant to be; <see cref="IsSettled"/> says whether it is.</summary>
    public bool IsLocked { get; init; }

    /// <summary>False from before the first step of a change until after the last: whoever finds it so repeats the steps.</summary>
    public bool IsSettled { get; init; }

    /// <summary>Through which it was logged in to, ascending.</summary>
    public IReadOnlyList<int> Resources { get; init; } = [];

    /// <summary>The resource by whose order groups and sudo are what they are.</summary>
    public int OrderedBy { get; init; }

    /// <summary>Those that it was put into by an order, and was not in before.</summary>
    public IReadOnlyList<string> Groups { get; init; } = [];

    /// <summary>What it has; null for an account that has none yet, or from a state that did not say.</summary>
    public AccountRights? Rights { get; init; }

    /// <summary>Everything of it that runs is to end.</summary>
    public bool EndsSessions { get; init; }

    /// <summary>A password was generated, so sudo asks for it.</summary>
    public bool HasPassword { get; init; }

    /// <summary>The comment (GECOS) of the account.</summary>
    public string Marker => $"Keyhole {Authority} {User}";
}
