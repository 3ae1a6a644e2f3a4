using System.CommandLine;
using Keyhole.Control;

return await Commands.Create(Terminal.Console).Parse(args).InvokeAsync(new InvocationConfiguration
{
    // Agents are told to dial again before the process goes.
    ProcessTerminationTimeout = TimeSpan.FromSeconds(10),
});
