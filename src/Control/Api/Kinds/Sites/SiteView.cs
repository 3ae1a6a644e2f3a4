namespace Keyhole.Control;

internal sealed record SiteView(string Name, IReadOnlyList<string> Connectors, IReadOnlyList<string> Resources);
