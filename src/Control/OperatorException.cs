namespace Keyhole.Control;

/// <summary>Something that the operator can put right: one line that says what is wrong and what to do, no stack trace.</summary>
internal class OperatorException(string message) : Exception(message);
