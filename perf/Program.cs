using Keyhole.Perf;

return args switch
{
    [] => Commands.List(),
    ["all"] => Commands.RunAll(),
    ["micro", .. var filters] => MicroBenchmarks.Run(filters),
    [var name, .. var rest] => Commands.Run(name, rest),
};
