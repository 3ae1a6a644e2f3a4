using System.Reflection;
using Xunit.Sdk;

namespace Keyhole.NetStack.Tests.Scripts;

/// <summary>Runs a theory once for every <see cref="Variant"/>, times each of the given values if there are any.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class VariantsAttribute(params object[] values) : DataAttribute
{
    public object[] Values { get; } = values;

    public override IEnumerable<object[]> GetData(MethodInfo testMethod) =>
        from variant in Enum.GetValues<Variant>()
        from value in Values.Length == 0 ? [null] : Values.Cast<object?>()
        select value is null ? new object[] { variant } : [variant, value];
}
