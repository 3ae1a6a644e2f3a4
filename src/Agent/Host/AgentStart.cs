using Keyhole.Cryptography;
using Microsoft.Extensions.Logging;

namespace Keyhole.Agent;

/// <summary>All that a data path is made from. The key belongs to the body, which disposes it.</summary>
public sealed record AgentStart(AgentOptions Options, SettingValues Values, PrivateKey Key, DataDirectory Data, ILoggerFactory Loggers)
{
    /// <summary>Told by a data path that watches the machine's network: the link to Control follows at once.</summary>
    public NetworkChange Network { get; init; } = new();
}
