using Keyhole.Contracts;

namespace Keyhole.Agent;

/// <summary>One of the programs: its name, its own settings and its data path.</summary>
/// <param name="Name">"keyhole-relay".</param>
/// <param name="Settings">Beyond those that all agents have.</param>
/// <param name="Create">Makes the data path; throws <see cref="AgentException"/> for what the operator can put right.</param>
public sealed record AgentDefinition(string Name, AgentKind Kind, string Description, IReadOnlyList<Setting> Settings, Func<AgentStart, IAgentBody> Create)
{
    /// <summary>The data directory's setting where the program has a default for it; null: it must be given.</summary>
    public Setting? Data { get; init; }

    /// <summary>Asked when no ID was given, with the data directory; null where an ID is needed.</summary>
    public Func<SettingValues, string, Task<AgentIdentity>>? Identify { get; init; }

    /// <summary>By what a table grows old: a clock that goes on while the machine sleeps.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}
