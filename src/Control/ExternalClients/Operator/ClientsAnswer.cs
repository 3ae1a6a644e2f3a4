namespace Keyhole.Control;

internal sealed record ClientsAnswer(IReadOnlyList<ExternalClientView> Clients);
