using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Keyhole.Fuzz;

/// <summary>What must hold for every input.</summary>
internal static class Promise
{
    internal static void Holds([DoesNotReturnIf(false)] bool condition, [CallerArgumentExpression(nameof(condition))] string? expression = null)
    {
        if (!condition)
            throw new FuzzFailureException($"broken: {expression}");
    }
}
