using System.Globalization;
using Keyhole.Ssh;

namespace Keyhole.Control;

/// <summary>Signs the temporary keys of people: first policy, then the account on the host, then policy again and the certificate.</summary>
internal sealed class SshSigner(Ledger ledger, AgentHub hub, SshProvisioning provisioning, SshVault vault, TimeProvider time, ILogger log)
{
    /// <summary>From the signature on.</summary>
    public static readonly TimeSpan Validity = TimeSpan.FromMinutes(5);

    /// <summary>Clocks of hosts may be this much behind.</summary>
    public static readonly TimeSpan Skew = TimeSpan.FromMinutes(1);

    private static readonly string[] Extensions = ["permit-pty", "permit-port-forwarding", "permit-agent-forwarding", "permit-user-rc"];

    private readonly SshRates _rates = new(time);

    /// <exception cref="ApiException">Something is in the way: it says what to do.</exception>
    /// <exception cref="OperatorException">The change cannot be stored: nothing is signed.</exception>
    public async Task<SshSignAnswer> SignAsync(Caller caller, SshSignInput input, CancellationToken cancelled)
    {
        var key = SshPublicKey.Parse(input.PublicKey) ?? throw ApiException.Field("publicKey", "this is no public key of SSH; make one by \"ssh-keygen -t ed25519\"");
        if (input.PasswordKey is not null && !KeySyntax.IsPublicKey(input.PasswordKey))
            throw ApiException.Field("passwordKey", "this is no X25519 public key in base64");
        var login = Decide(ledger.State, caller, input.Target);
        if (!_rates.TryCount(login.User.Id))
            throw new ApiException(StatusCodes.Status429TooManyRequests, $"You asked for more than {SshRates.PerMinute} certificates within a minute: wait a minute.");
        var settings = login.Resource.Ssh!;
        var order = new SshAccountOrder(
            login.User.Id, AccountOf(login.User, caller.Actor), login.User.Email, settings.Shell, settings.Home, [.. settings.Groups], settings.SudoOrder, input.PasswordKey);
        var account = await ProvisionAsync(login, order, cancelled);
        return Issue(caller, login, key, account);
    }

    private SshLogin Decide(NetworkState state, Caller caller, string target)
    {
        var (login, refusal) = new SshPolicy(state, IsConnected).Decide(caller.UserOf(state), caller.Session ?? 0, target);
        return login ?? throw refusal!.ToException();
    }

    private bool IsConnected(int connector) => hub.IsConnected(new Agent(AgentKind.Connector, connector));

    /// <summary>The account name of a user: chosen once, and kept for ever.</summary>
    private string AccountOf(User user, Actor actor)
    {
        string? name = Find(ledger.State);
        if (name is not null)
            return name;
        ledger.Change(
            state =>
            {
                name = Find(state);
                if (name is not null || state.Users.All(other => other.Id != user.Id))
                    return state;
                var taken = state.Ssh.Accounts.Select(account => account.Name).ToHashSet(StringComparer.Ordinal);
                name = SshNames.Free(SshNames.WantedAccount(user.Email), taken.Contains);
                return state with { Ssh = state.Ssh with { Accounts = state.Ssh.Accounts.Append(new SshAccountName(user.Id, name)).OrderBy(account => account.User).ToValueList() } };
            },
            (_, _) => new AuditEntry(actor, "ssh-account", $"user {user.Email}", Before: null, name));
        return name ?? throw new ApiException(StatusCodes.Status403Forbidden, "Your user is gone in this organisation: ask an administrator.");

        string? Find(NetworkState state) => state.Ssh.Accounts.Where(account => account.User == user.Id).Select(account => account.Name).FirstOrDefault();
    }

    private async Task<SshAccount> ProvisionAsync(SshLogin login, SshAccountOrder order, CancellationToken cancelled)
    {
        string host = login.Resource.Name;
        foreach (int connector in login.Connectors)
        {
            var outcome = await provisioning.AskAsync(connector, login.Resource.Id, order, cancelled);
            if (outcome.Kind == SshOutcomeKind.NotSent)
                continue;
            string asked = hub.NameOf(new Agent(AgentKind.Connector, connector));
            return outcome switch
            {
                { Account: { } account, Error: null } => Check(account, login, order),
                { Kind: SshOutcomeKind.Answered, Error: var error } => throw new ApiException(StatusCodes.Status502BadGateway, SshHosts.Shown(error ?? "")),
                { Kind: SshOutcomeKind.Late } => throw new ApiException(
                    StatusCodes.Status504GatewayTimeout, $"The {asked} did not prepare the account on {host} within {SshProvisioning.Patience.TotalSeconds:F0} s: look at its log, then try again."),
                { Kind: SshOutcomeKind.TooLong } => throw new ApiException(
                    StatusCodes.Status502BadGateway, $"The {asked} is connected to another server, and the settings of {host} are too long to be passed on: use fewer sudo commands and groups."),
                _ => throw new ApiException(StatusCodes.Status503ServiceUnavailable, $"The {asked} went away while it prepared the account on {host}: try again."),
            };
        }

        throw new ApiException(StatusCodes.Status503ServiceUnavailable, $"Every connector that reaches {host} went away meanwhile: try again.");
    }

    /// <summary>A host opens its own accounts only: what it answers must be of this organisation, this resource and an account that may be one.</summary>
    private SshAccount Check(SshAccount account, SshLogin login, SshAccountOrder order) =>
        SshAccount.IsName(account.Name) && SshNames.IsPrincipal(account.Principal, ledger.State.Ssh.Authority!, login.Resource.Id, account.Name)
            && (account.SealedPassword is null || order.PasswordKey is not null)
            ? account
            : throw new ApiException(StatusCodes.Status502BadGateway, $"The auth daemon of {login.Resource.Name} answered with an account that is not of this host: update the connector and the daemon.");

    private SshSignAnswer Issue(Caller caller, SshLogin asked, SshPublicKey key, SshAccount account)
    {
        SshSignAnswer? answer = null;
        string details = "";
        ledger.Change(
            state =>
            {
                // Once more, in the moment of the signature: the account took its time.
                var login = Decide(state, caller, asked.Resource.Name);
                if (login.Resource.Id != asked.Resource.Id || login.User.Id != asked.User.Id || !IsSameHost(login, asked))
                    throw new ApiException(StatusCodes.Status409Conflict, $"{asked.Resource.Name} was changed while the account was prepared: try again.");
                var now = time.GetUtcNow();
                long serial = Math.Max(state.Ssh.NextSerial, now.ToUnixTimeMilliseconds());
                var end = DateTimeOffset.FromUnixTimeSeconds((now + Validity).ToUnixTimeSeconds());
                string id = $"user={login.User.Email} device={login.Device.Name} resource={login.Resource.Name} org={state.Organisation}";
                string certificate = vault.Sign(state.Ssh.Authority!, login.Key, new SshCertificateRequest(
                    key, SshCertificateType.User, (ulong)serial, id, [account.Principal], now - Skew, end, Extensions));
                answer = new SshSignAnswer(
                    account.Name, certificate, serial, end, login.Resource.Name, login.Resource.Alias, login.Resource.Destination.Text,
                    SshNames.HostKeyAlias(state.Ssh.Authority!, login.Host), [.. login.Resource.OverlayPrefixes.Select(prefix => prefix.BaseAddress.ToString())],
                    state.Ssh.Trusted, [.. login.Host.HostKeys], account.SealedPassword);
                details = string.Create(CultureInfo.InvariantCulture, $"serial {serial}; key id {id}; principal {account.Principal}; key {key.Fingerprint}; CA {login.Key.Fingerprint}; until {TimeSyntax.Format(end)}");
                return state with
                {
                    Ssh = state.Ssh with
                    {
                        NextSerial = serial + 1,
                        Issued = state.Ssh.Issued.Append(new SshIssued(serial, login.User.Id, login.Device.Id, login.Resource.Id, end, Revoked: false)).ToValueList(),
                    },
                };
            },
            (_, _) => new AuditEntry(caller.Actor, "ssh-sign", $"resource {asked.Resource.Name}", Before: null, details),
            (connection, transaction) =>
            {
                if (!caller.HoldSession(connection, transaction))
                    throw ApiRequest.Over();
            });
        log.SshSigned(answer!.Serial, asked.User.Email, asked.Resource.Name);
        return answer;
    }

    /// <summary>Also with the rights that the account was given.</summary>
    private static bool IsSameHost(SshLogin now, SshLogin asked) =>
        now.Resource.Site == asked.Resource.Site && now.Resource.Destination == asked.Resource.Destination && now.Resource.Ssh == asked.Resource.Ssh;
}
