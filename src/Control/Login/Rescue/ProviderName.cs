namespace Keyhole.Control;

internal sealed record ProviderName(string Name);
