using Keyhole.Contracts;

namespace Keyhole.SshHost;

/// <summary>What an account has beside its name: supplementary groups, and what it may do as root.</summary>
internal sealed record AccountRights(IReadOnlyList<string> Groups, SshSudo Sudo)
{
    private const int MaximumGroups = 64;

    private static readonly SshSudo NoSudo = new(SshSudoMode.None, []);

    public static AccountRights None { get; } = new([], NoSudo);

    /// <summary>What a row says; where it says nothing, there is nothing.</summary>
    public static AccountRights Of(IReadOnlyList<string> groups, SshSudo? sudo) => new(groups, sudo ?? NoSudo);

    /// <summary>Whether the others hold all of these.</summary>
    public bool IsWithin(AccountRights other) => !Groups.Except(other.Groups, StringComparer.Ordinal).Any() && IsWithin(Sudo, other.Sudo);

    /// <summary>What of these the others hold, too. Of sudo all or nothing.</summary>
    public AccountRights Within(AccountRights other) => new([.. Groups.Intersect(other.Groups, StringComparer.Ordinal)], IsWithin(Sudo, other.Sudo) ? Sudo : NoSudo);

    /// <exception cref="AuthDaemonException">No account of any host can be given these.</exception>
    public void Check()
    {
        if (Groups.Count > MaximumGroups || Sudo.Commands is null)
            throw new AuthDaemonException($"An account is put into {MaximumGroups} groups at most: correct the resource's SSH settings.");
        if (Groups.FirstOrDefault(group => group is null || !AccountName.IsValidGroup(group)) is { } wrong)
            throw new AuthDaemonException($"'{OrderCheck.Shown(wrong)}' is not the name of a group: correct the resource's SSH settings.");
        if (Groups.Any(group => group is null) || Sudo.Commands.Any(command => command is null))
            throw new AuthDaemonException("The resource's SSH settings hold a group or a command that is none.");
        SudoersFragment.TextFor("nobody", Sudo, hasPassword: false);
    }

    public bool Equals(AccountRights? other) => other is not null && Sudo == other.Sudo && Groups.SequenceEqual(other.Groups, StringComparer.Ordinal);

    public override int GetHashCode() => HashCode.Combine(Groups.Count, Sudo);

    private static bool IsWithin(SshSudo some, SshSudo others) =>
        some.Mode == SshSudoMode.None || others.Mode == SshSudoMode.Full
        || (some.Mode == SshSudoMode.Commands && others.Mode == SshSudoMode.Commands && !some.Commands.Except(others.Commands, StringComparer.Ordinal).Any());
}
