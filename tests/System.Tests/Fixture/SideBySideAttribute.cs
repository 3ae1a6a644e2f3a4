namespace Keyhole.System.Tests;

/// <summary>
/// The tests of this class hold nothing against a clock but limits that are generous on a loaded machine, and what Control itself measured of a revocation: they run
/// while another such class does. All others run alone, one after the other, since each lays out a whole internet and two would measure each other.
/// </summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class SideBySideAttribute : Attribute;
