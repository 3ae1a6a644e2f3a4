namespace Keyhole.Contracts;

/// <summary>Identifiers of removed rows, by kind. A grant is named by its client, a row for SSH by its resource.</summary>
public sealed record TableRemovals
{
    public IReadOnlyList<int> Relays { get => field ?? []; init; }

    public IReadOnlyList<int> Sites { get => field ?? []; init; }

    public IReadOnlyList<int> Peers { get => field ?? []; init; }

    public IReadOnlyList<int> Resources { get => field ?? []; init; }

    public IReadOnlyList<int> Grants { get => field ?? []; init; }

    public IReadOnlyList<int> Ssh { get => field ?? []; init; }
}
