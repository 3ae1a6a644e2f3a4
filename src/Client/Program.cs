using System.CommandLine;
using Keyhole.Client;

var root = new RootCommand("Reaches the private services that you were granted.") { ProxyCommand.Create() };
return await root.Parse(args).InvokeAsync().ConfigureAwait(false);
