namespace Keyhole.Control;

/// <summary>The operator's commands about logins by SSH, inside the server.</summary>
internal static class SshOperatorRoutes
{
    public const string Authority = "/v1/ssh-authority";
    public const string Hosts = "/v1/ssh-hosts";
    public const string ForgetHost = "/v1/ssh-forget-host";

    public static void Map(IEndpointRouteBuilder routes, Networks networks, ILogger log)
    {
        OperatorRoutes.Get(routes, log, Authority, OperatorJson.Default.SshAuthorityView, organisation => networks.Choose(organisation).Ssh.Authority());
        OperatorRoutes.Post(routes, log, Authority, OperatorJson.Default.SshKeyRequest, OperatorJson.Default.SshAuthorityView, (request, organisation) => Task.FromResult(Change(networks.Choose(organisation), request)));
        OperatorRoutes.Get(routes, log, Hosts, OperatorJson.Default.SshHostsAnswer, organisation => new SshHostsAnswer(networks.Choose(organisation).Ssh.Hosts()));
        OperatorRoutes.Post(routes, log, ForgetHost, OperatorJson.Default.SshForgetRequest, OperatorJson.Default.SshHostsAnswer, (request, organisation) => Task.FromResult(Forget(networks.Choose(organisation), request)));
    }

    private static SshAuthorityView Change(Network network, SshKeyRequest request)
    {
        network.Ledger.Change(
            state => request.Retire is { } fingerprint ? network.Ssh.Retire(state, fingerprint, request.Force) : network.Ssh.Rotate(state),
            (from, to) => new AuditEntry(
                Actor.Operator, request.Retire is null ? "ssh-rotate" : request.Force ? "ssh-retire-by-force" : "ssh-retire",
                request.Retire is { } fingerprint ? $"ssh authority {Findings.Shown(fingerprint)}" : "ssh authority", SshLogins.Describe(from), SshLogins.Describe(to)));
        return network.Ssh.Authority();
    }

    private static SshHostsAnswer Forget(Network network, SshForgetRequest request)
    {
        network.Ledger.Change(
            state => SshLogins.Forget(state, request.Name, request.Keys),
            (_, _) => new AuditEntry(Actor.Operator, "ssh-forget-host", $"resource {Findings.Shown(request.Name)}", Before: null, request.Keys.Count == 0 ? null : string.Join(", ", request.Keys)));
        return new SshHostsAnswer(network.Ssh.Hosts());
    }
}
