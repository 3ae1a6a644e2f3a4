namespace Keyhole.Control;

internal sealed record ProvidersAnswer(IReadOnlyList<ProviderLine> Providers);
