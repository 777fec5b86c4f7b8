using System.Diagnostics;

namespace KubeFlex.EndToEnd.Harness;

/// <summary>For what has no watch: asks again until it is so, with a limit that only a failure reaches.</summary>
internal static class Eventually
{
    public static async Task TrueAsync(Func<Task<bool>> test, string what, int seconds = 180)
    {
        for (var watch = Stopwatch.StartNew(); !await test(); await Task.Delay(100))
            Assert.True(watch.Elapsed < TimeSpan.FromSeconds(seconds), $"{what}: not within {seconds} s");
    }
}
