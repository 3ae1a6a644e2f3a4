namespace Keyhole.Agent;

/// <summary>The settings that every agent has.</summary>
public static class AgentSettings
{
    public static readonly Setting Endpoint = new("--endpoint", "URL", "Where Control listens: https://control.example.com. May be given several times: the agent goes on to the next when one is away.") { IsRepeatable = true };

    public static readonly Setting Id = new("--id", "ID", "The identifier from 'keyhole-control credentials'.");

    public static readonly Setting Secret = new("--secret", "-", "'-' reads the secret from standard input. A secret never stands on the command line.");

    public static readonly Setting SecretFile = new("--secret-file", "FILE", "A file that holds the secret.");

    public static readonly Setting ProvisioningKey = new("--provisioning-key", "-", "'-' reads a provisioning key from standard input: at the first start Control gives an ID and secret for it, which stay in the data directory.");

    public static readonly Setting ProvisioningKeyFile = new("--provisioning-key-file", "FILE", "A file that holds a provisioning key.");

    public static readonly Setting ProvisioningName = new("--provisioning-name", "NAME", "What to be called; the host name of this machine where it is left out.");

    public static readonly Setting Data = new("--data", "DIR", "The directory of the key, the last table and the status socket. Private to this user.");

    public static readonly Setting AllowHttp = new("--allow-http", "", "Speak http to a Control that is not on this machine.") { IsSwitch = true };

    public static readonly Setting Metrics = new("--metrics", "ADDR:PORT", "Serve Prometheus metrics and /healthz on this loopback address. Off by default.");

    public static readonly Setting Log = new("--log", "LEVEL", "trace, debug, information, warning, error or none.") { Default = "information" };

    public static readonly IReadOnlyList<Setting> All = [Endpoint, Id, Secret, SecretFile, Data, AllowHttp, Metrics, Log];

    /// <summary>Of those agents that may make themselves known.</summary>
    public static readonly IReadOnlyList<Setting> Provisioning = [ProvisioningKey, ProvisioningKeyFile, ProvisioningName];
}
