namespace Keyhole.Control;

/// <param name="Source">"flag --listen", "environment KEYHOLE_LISTEN", "control.yaml line 3" or "default".</param>
internal sealed record ConfigurationValue(string Value, string Source);
