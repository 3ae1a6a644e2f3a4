namespace Keyhole.Contracts;

/// <summary>Identifiers of removed rows, by kind. A grant is named by its client, a row for SSH by its resource.</summary>
public sealed record TableRemovals
{
    public IReadOnlyList<int> Relays { get; init; } = [];

    public IReadOnlyList<int> Sites { get; init; } = [];

    public IReadOnlyList<int> Peers { get; init; } = [];

    public IReadOnlyList<int> Resources { get; init; } = [];

    public IReadOnlyList<int> Grants { get; init; } = [];

    public IReadOnlyList<int> Ssh { get; init; } = [];
}
