namespace Keyhole.Control;

/// <param name="Text">A network file that describes the network as it is.</param>
internal sealed record ExportAnswer(string Text);
