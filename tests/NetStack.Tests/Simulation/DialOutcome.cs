namespace Keyhole.NetStack.Tests.Simulation;

internal enum DialOutcome
{
    Accept,
    Reset,
    Unreachable,
    Drop,
}
