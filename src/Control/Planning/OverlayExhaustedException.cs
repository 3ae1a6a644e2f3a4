namespace Keyhole.Control;

/// <summary>A range of the overlay has no room left for what a description asks for.</summary>
internal sealed class OverlayExhaustedException(string range)
    : Exception($"The overlay has no free addresses left for {range}: remove some that are not used any more.");
