using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Xunit.Abstractions;
using Xunit.Sdk;

namespace Keyhole.System.Tests;

/// <summary>Puts each class that may into a collection of its own, which run side by side, and all others into one that runs alone when those are done.</summary>
public sealed class TestOrder : IXunitTestCollectionFactory
{
    private readonly ITestAssembly _assembly;
    private readonly TestCollection _alone;
    private readonly ConcurrentDictionary<string, TestCollection> _sideBySide = [];

    [SuppressMessage("Style", "IDE0060", Justification = "The framework calls this constructor.")]
    public TestOrder(ITestAssembly assembly, IMessageSink diagnostics)
    {
        _assembly = assembly;
        _alone = new TestCollection(assembly, new ReflectionTypeInfo(typeof(Alone)), "alone");
    }

    public string DisplayName => "side by side where a class says so";

    public ITestCollection Get(ITypeInfo testClass)
    {
        ArgumentNullException.ThrowIfNull(testClass);
        return testClass.GetCustomAttributes(typeof(SideBySideAttribute)).Any()
            ? _sideBySide.GetOrAdd(testClass.Name, name => new TestCollection(_assembly, null, name))
            : _alone;
    }
}
