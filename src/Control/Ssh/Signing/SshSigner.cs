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
    private readonly SshTurns _turns = new(time);

    /// <exception cref="ApiException">Something is in the way: it says what to do.</exception>
    /// <exception cref="OperatorException">The change cannot be stored: nothing is signed.</exception>
    public async Task<SshSignAnswer> SignAsync(Caller caller, SshSignInput input, CancellationToken cancelled)
    {
        var key = SshPublicKey.Parse(input.PublicKey) ?? throw ApiException.Field("publicKey", "this is no public key of SSH; make one by \"ssh-keygen -t ed25519\"");
        if (input.PasswordKey is not null && !KeySyntax.IsPublicKey(input.PasswordKey))
            throw ApiException.Field("passwordKey", "this is no X25519 public key in base64");
        var login = Decide(caller, input.Target);
        string name = AccountOf(login.User, caller.Actor);
        var settings = login.Resource.Ssh!;
        var order = new SshAccountOrder(login.User.Id, name, login.User.Email, settings.Shell, settings.Home, input.PasswordKey);
        using var turn = await _turns.TakeAsync(login.Resource.Id, SshProvisioning.Patience, cancelled)
            ?? throw new ApiException(StatusCodes.Status503ServiceUnavailable, $"Many other logins to {login.Resource.Name} are being prepared, or its host hangs: try again in a moment.");
        var (account, connector) = await ProvisionAsync(caller, login, order, cancelled);
        return Issue(caller, login, key, order, account, connector);
    }

    /// <summary>Before anything happens. What is refused is written down, too.</summary>
    private SshLogin Decide(Caller caller, string target)
    {
        var state = ledger.State;
        if (!_rates.TryCount(caller.Name))
            throw Refused(caller, target, new ApiException(StatusCodes.Status429TooManyRequests, $"You asked for more than {SshRates.PerMinute} certificates within a minute: wait a minute."));
        var (login, refusal) = new SshPolicy(state, IsConnected).Decide(caller.UserOf(state), caller.Session ?? 0, target, caller.PermissionsIn(state).Contains(Permissions.ResourcesRead));
        return login ?? throw Refused(caller, target, refusal!.ToException());
    }

    private ApiException Refused(Caller caller, string target, ApiException refusal)
    {
        if (!_rates.IsFirstRefusal(caller.Name))
            return refusal;
        try
        {
            Record(new AuditEntry(caller.Actor, "ssh-refused", $"resource {Findings.Shown(target)}", Before: null, refusal.Message));
        }
        catch (OperatorException error)
        {
            log.Refused(error.Message);
        }

        return refusal;
    }

    /// <summary>Writes down what changes nothing here.</summary>
    private void Record(AuditEntry entry) => ledger.Change(state => state, (_, _) => entry, (_, _) => { });

    private bool IsConnected(int connector) => hub.IsConnected(new Agent(AgentKind.Connector, connector));

    private string AccountOf(User user, Actor actor)
    {
        if (SshAccounts.WantedBy(ledger.State.Ssh, user.Id) is { } known)
            return known;
        var (_, after) = ledger.Change(
            state => state.Users.Any(other => other.Id == user.Id) ? state with { Ssh = SshAccounts.Named(state.Ssh, user) } : state,
            (_, to) => new AuditEntry(actor, "ssh-account", $"user {user.Email}", Before: null, SshAccounts.WantedBy(to.Ssh, user.Id)));
        return SshAccounts.WantedBy(after.State.Ssh, user.Id) ?? throw new ApiException(StatusCodes.Status403Forbidden, "Your user is gone in this organisation: ask an administrator.");
    }

    private async Task<(SshAccount Account, string Connector)> ProvisionAsync(Caller caller, SshLogin login, SshAccountOrder order, CancellationToken cancelled)
    {
        string host = login.Resource.Name;
        foreach (int connector in login.Connectors)
        {
            string asked = hub.NameOf(new Agent(AgentKind.Connector, connector));
            // From here on an account may be there, and have a password that no certificate limits, whatever becomes of the login.
            Record(new AuditEntry(
                caller.Actor, "ssh-order", $"resource {host}", Before: null,
                $"account {order.Name}; user {login.User.Email}; device {login.Device.Name}; {asked}; password {YesNo(order.PasswordKey)}"));
            var outcome = await provisioning.AskAsync(connector, login.Resource.Id, order, cancelled);
            if (outcome.Kind == SshOutcomeKind.NotSent)
                continue;
            return outcome switch
            {
                { Account: { } account, Error: null } => (Check(account, login, order), asked),
                { Kind: SshOutcomeKind.Answered, Error: var error } => throw new ApiException(StatusCodes.Status502BadGateway, SshHosts.Shown(error ?? "")),
                { Kind: SshOutcomeKind.Late } => throw new ApiException(
                    StatusCodes.Status504GatewayTimeout, $"The {asked} did not prepare the account on {host} within {SshProvisioning.Patience.TotalSeconds:F0} s: look at its log, then try again."),
                { Kind: SshOutcomeKind.TooLong } => throw new ApiException(
                    StatusCodes.Status502BadGateway, $"The {asked} is connected to another server, and the settings of {host} are too long to be passed on: use shorter paths for the shell and the home directories."),
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

    private SshSignAnswer Issue(Caller caller, SshLogin asked, SshPublicKey key, SshAccountOrder order, SshAccount account, string connector)
    {
        SshSignAnswer? answer = null;
        string details = "";
        ledger.Change(
            state =>
            {
                // Once more, in the moment of the signature: the account took its time.
                var (decided, refusal) = new SshPolicy(state, IsConnected).Decide(caller.UserOf(state), caller.Session ?? 0, asked.Resource);
                var login = decided ?? throw refusal!.ToException();
                if (login.User.Id != asked.User.Id || !IsSameHost(login, asked))
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
                details = string.Create(
                    CultureInfo.InvariantCulture,
                    $"serial {serial}; key id {id}; principal {account.Principal}; key {key.Fingerprint}; CA {login.Key.Fingerprint}; until {TimeSyntax.Format(end)}; {connector}; password {YesNo(account.SealedPassword)}");
                var ssh = SshAccounts.Bind(state.Ssh, login.Resource, login.User.Id, order.Name, account);
                return state with
                {
                    Ssh = ssh with
                    {
                        NextSerial = serial + 1,
                        Issued = ssh.Issued.Append(new SshIssued(serial, login.User.Id, login.Device.Id, login.Resource.Id, end, Revoked: false)).ToValueList(),
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

    private static string YesNo(object? present) => present is null ? "no" : "yes";

    /// <summary>Also with the rights that the account was given.</summary>
    private static bool IsSameHost(SshLogin now, SshLogin asked) =>
        now.Host.Generation == asked.Host.Generation && now.Resource.Site == asked.Resource.Site && now.Resource.Destination == asked.Resource.Destination && now.Resource.Ssh == asked.Resource.Ssh;
}
