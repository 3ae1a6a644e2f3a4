namespace Keyhole.Control;

/// <param name="Value">Null where nobody set it.</param>
/// <param name="Source">"flag --listen", "environment KEYHOLE_LISTEN", "control.yaml line 3", "default" or "nobody".</param>
internal sealed record PrintedValue(string Key, string? Value, string Source);
