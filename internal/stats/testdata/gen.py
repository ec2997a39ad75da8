#!/usr/bin/env python3
"""Writes fixtures.json: what SciPy and statsmodels give for the closed forms of
this package. Needs Debian's python3-scipy and python3-statsmodels:
    /usr/bin/python3 gen.py > fixtures.json
What neither library has (Tango, Newcombe's paired interval, confidence
sequences) is computed here a second time, from the papers, with SciPy's roots
and distributions."""
import json
import math

import numpy as np
import scipy
import statsmodels
import statsmodels.api as sm
from scipy import integrate, optimize, special, stats
from statsmodels.stats import meta_analysis, multitest, power, proportion, weightstats
from statsmodels.stats.contingency_tables import mcnemar

rng = np.random.default_rng(20250817)
out = {"made_with": {"scipy": scipy.__version__, "statsmodels": statsmodels.__version__}}


def tq(tail, df):
    """The upper quantile of t; SciPy's own is good to 1e-9 only, its tail to the end."""
    return optimize.brentq(lambda x: stats.t.sf(x, df) - tail, 0, 1e4, xtol=1e-15, rtol=1e-14)


def power_t(d, n, alpha):
    q, mu = tq(alpha / 2, n - 1), d * math.sqrt(n)
    return stats.nct.sf(q, n - 1, mu) + stats.nct.cdf(-q, n - 1, mu)


def flat(x):
    return [float(v) for v in np.asarray(x).ravel()]


def proportions():
    rows = []
    for k, n in [(0, 20), (1, 20), (17, 20), (20, 20), (27, 30), (137, 164), (655, 1000), (3, 7), (14042 // 3, 14042), (999999, 1000000)]:
        for level in (0.95, 0.9, 0.99):
            row = {"k": k, "n": n, "level": level}
            for name, method in [("wilson", "wilson"), ("clopper_pearson", "beta")]:
                row[name] = flat(proportion.proportion_confint(k, n, 1 - level, method))
            tail = (1 - level) / 2
            row["jeffreys"] = [0.0 if k == 0 else float(stats.beta.ppf(tail, k + 0.5, n - k + 0.5)),
                               1.0 if k == n else float(stats.beta.isf(tail, k + 0.5, n - k + 0.5))]
            rows.append(row)
    return rows


def tango_z(b, c, n, d):
    a2, b1, c0 = 2 * n, -b - c + (2 * n - b + c) * d, -c * d * (1 - d)
    q = (math.sqrt(max(b1 * b1 - 4 * a2 * c0, 0)) - b1) / (2 * a2)
    v = n * (2 * q + d * (1 - d))
    return (b - c - n * d) / math.sqrt(v) if v > 0 else math.copysign(math.inf, b - c - n * d)


def tango(b, c, n, level):
    z = stats.norm.ppf(0.5 + level / 2)
    m = (b - c) / n
    eps = 1e-12
    lo = -1.0 if c == n else optimize.brentq(lambda d: tango_z(b, c, n, d) - z, -1 + eps, m - eps, xtol=1e-15, rtol=1e-14)
    hi = 1.0 if b == n else optimize.brentq(lambda d: tango_z(b, c, n, d) + z, m + eps, 1 - eps, xtol=1e-15, rtol=1e-14)
    return [lo, hi]


def newcombe(e, f, g, h, level):
    # Newcombe 1998, method 10: a = both, b = first only, c = second only, d = neither; here B − A.
    n = e + f + g + h
    p1, p2 = (e + f) / n, (e + g) / n  # B, A
    l1, u1 = proportion.proportion_confint(e + f, n, 1 - level, "wilson")
    l2, u2 = proportion.proportion_confint(e + g, n, 1 - level, "wilson")
    a = (e + f) * (g + h) * (e + g) * (f + h)
    if a == 0:
        phi = 0.0
    else:
        b = e * h - f * g
        c = b - n / 2 if b > n / 2 else (0 if b >= 0 else b)
        phi = c / math.sqrt(a)
    dl1, du1, dl2, du2 = p1 - l1, u1 - p1, p2 - l2, u2 - p2
    d = p1 - p2
    return [d - math.sqrt(dl1 ** 2 - 2 * phi * dl1 * du2 + du2 ** 2), d + math.sqrt(du1 ** 2 - 2 * phi * du1 * dl2 + dl2 ** 2)]


def paired01():
    rows = []
    for both, gained, lost, neither in [(8, 5, 1, 2), (40, 9, 3, 12), (0, 1, 0, 9), (3, 0, 2, 5), (700, 60, 40, 200), (1, 7, 3, 4), (10, 0, 0, 10), (5, 14, 6, 5), (500, 90, 10, 400), (1, 25, 10, 2)]:
        n = both + gained + lost + neither
        k, m = min(gained, lost), gained + lost
        row = {"both": both, "gained": gained, "lost": lost, "neither": neither,
               "exact": float(mcnemar([[both, gained], [lost, neither]], exact=True).pvalue) if m else 1.0,
               "mid_p": float(min(1, 2 * stats.binom.cdf(k, m, 0.5) - stats.binom.pmf(k, m, 0.5))) if gained != lost else 1.0,
               "prob_better": float(stats.beta.sf(0.5, gained + 0.5, lost + 0.5))}
        for level in (0.95, 0.9):
            name = str(round(level * 100))
            row["tango" + name] = tango(gained, lost, n, level) if m else None
            row["newcombe" + name] = newcombe(both, gained, lost, neither, level)
        ap, bp, tp = gained + 0.5, lost + 0.5, n - m + 0.5

        def cdf(x):  # P(D(2θ−1) <= x)
            def f(theta):
                lean = 2 * theta - 1
                if lean == 0:
                    g = 1.0 if x >= 0 else 0.0
                elif lean > 0:
                    g = stats.beta.cdf(x / lean, ap + bp, tp) if x >= 0 else 0.0
                else:
                    g = 1.0 if x >= 0 else stats.beta.sf(x / lean, ap + bp, tp)
                return g * stats.beta.pdf(theta, ap, bp)
            return sum(integrate.quad(f, lo, hi, limit=200)[0] for lo, hi in [(0, 0.5), (0.5, 1)])
        row["rope05"] = cdf(0.05) - cdf(-0.05)
        rows.append(row)
    return rows


def continuous():
    rows = []
    for n in (5, 12, 40, 200):
        a = rng.normal(size=n)
        b = a * 0.6 + rng.normal(size=n) * 0.7 + 0.2
        cl = np.sort(rng.integers(0, max(n // 4, 6), size=n))
        d = b - a
        t = stats.ttest_rel(b, a)
        fit = sm.OLS(d, np.ones(n)).fit(cov_type="cluster", cov_kwds={"groups": cl})
        w = stats.ttest_ind(b, a, equal_var=False)
        va, vb = a.var(ddof=1) / n, b.var(ddof=1) / n
        df = (va + vb) ** 2 / (va ** 2 / (n - 1) + vb ** 2 / (n - 1))
        half = tq(0.025, df) * math.sqrt(va + vb)
        weights = rng.uniform(1, 5, size=n)
        ratio = sm.WLS(a, np.ones(n), weights=weights).fit(cov_type="HC1")
        ratio_cl = sm.WLS(a, np.ones(n), weights=weights).fit(cov_type="cluster", cov_kwds={"groups": cl})
        row = {"a": flat(a), "b": flat(b), "clusters": [int(c) for c in cl], "weights": flat(weights),
               "delta": float(d.mean()), "se": float(stats.sem(d)), "p_t": float(t.pvalue), "ci": flat(d.mean() + np.array([-1, 1]) * tq(0.025, n - 1) * stats.sem(d)),
               "cr1": float(fit.bse[0]), "g": int(len(set(cl))),
               "welch_p": float(w.pvalue), "welch_df": float(df), "welch_ci": [float(b.mean() - a.mean() - half), float(b.mean() - a.mean() + half)],
               "ratio": float(ratio.params[0]), "ratio_se": float(ratio.bse[0]), "ratio_cr1": float(ratio_cl.bse[0]),
               "tost_p": float(weightstats.DescrStatsW(d).ttost_mean(-0.5, 0.5)[0]), "tost_rope": 0.5,
               "corr": float(stats.pearsonr(a, b)[0])}
        if n <= 12:
            r = stats.permutation_test((b, a), lambda x, y: np.mean(x - y), permutation_type="samples", n_resamples=np.inf, alternative="two-sided")
            # SciPy doubles the smaller tail; the differences' distribution is symmetric, so this is the share of |sums|.
            row["flip_exact"] = float(r.pvalue)
        rows.append(row)
    return rows


def icc():
    sizes = [3, 5, 4, 4, 6, 2, 5, 7]
    cl = np.repeat(np.arange(len(sizes)), sizes)
    y = rng.normal(size=len(sizes))[cl] + rng.normal(size=len(cl))
    grand, n, g = y.mean(), len(y), len(sizes)
    means = np.array([y[cl == k].mean() for k in range(g)])
    m = np.array(sizes)
    msb = (m * (means - grand) ** 2).sum() / (g - 1)
    msw = sum(((y[cl == k] - means[k]) ** 2).sum() for k in range(g)) / (n - g)
    m0 = (n - (m ** 2).sum() / n) / (g - 1)
    fit = sm.OLS(y, np.ones(n)).fit(cov_type="cluster", cov_kwds={"groups": cl})
    f = stats.f_oneway(*[y[cl == k] for k in range(g)]).statistic
    assert abs(f - msb / msw) < 1e-12
    return {"values": flat(y), "clusters": [int(c) for c in cl], "icc": float((msb - msw) / (msb + (m0 - 1) * msw)),
            "deff": float(fit.bse[0] ** 2 / (y.var(ddof=1) / n))}


def families():
    rows = []
    for p in ([.001, .008, .039, .041, .042, .06, .074, .205, .212, .216], flat(rng.uniform(size=25) ** 3), [0.04], [.5, .5, .01]):
        rows.append({"p": p, **{m: flat(multitest.multipletests(p, method=s)[1]) for m, s in [("holm", "holm"), ("bh", "fdr_bh"), ("by", "fdr_by")]}})
    return rows


def powers():
    rows = []
    for d, n, alpha in [(0.3, 50, 0.05), (0.5, 10, 0.05), (0.1, 800, 0.01), (0.2, 5, 0.1), (1.2, 8, 0.05)]:
        rows.append({"delta": d, "n": n, "alpha": alpha,
                     "power_t": float(power_t(d, n, alpha)),
                     "power_z": float(stats.norm.sf(stats.norm.isf(alpha / 2) - d * math.sqrt(n)) + stats.norm.cdf(-stats.norm.isf(alpha / 2) - d * math.sqrt(n))),
                     "sm_power_t": float(power.TTestPower().power(d, n, alpha)),
                     "mde_t": float(optimize.brentq(lambda x: power_t(x, n, alpha) - 0.8, 1e-6, 20, xtol=1e-15, rtol=1e-14))})
    connor = []
    for differ, delta in [(0.1, 0.03), (0.2, 0.03), (0.3, 0.1), (0.05, 0.05)]:
        za, zb = stats.norm.isf(0.025), stats.norm.ppf(0.8)
        connor.append({"differ": differ, "delta": delta, "n": (za * math.sqrt(differ) + zb * math.sqrt(differ - delta ** 2)) ** 2 / delta ** 2})
    return {"t": rows, "connor": connor}


def strata():
    d, se = [0.03, -0.01, 0.02, 0.08], [0.01, 0.02, 0.015, 0.02]
    df, w = [99, 40, 163, 20], [0.25, 0.25, 0.25, 0.25]
    r = meta_analysis.combine_effects(np.array(d), np.array(se) ** 2, method_re="dl")
    v = [x * x * s * s for x, s in zip(w, se)]
    dof = sum(v) ** 2 / sum(x * x / k for x, k in zip(v, df))
    delta, total = sum(x * y for x, y in zip(w, d)), math.sqrt(sum(v))
    half = tq(0.025, dof) * total
    return {"delta": d, "se": se, "df": df, "weight": w, "q": float(r.q), "i2": float(r.i2), "q_p": float(stats.chi2.sf(r.q, len(d) - 1)),
            "macro": delta, "macro_se": total, "macro_df": dof, "ci": [delta - half, delta + half], "p": float(2 * stats.t.sf(abs(delta) / total, dof)),
            "new_tasks": float(stats.sem(d))}


def log_capital(u, d, t, m):
    x = np.array([1.0] * u + [-1.0] * d + [0.0] * t)
    logs = []
    for j in range(10):
        c = 0.9 / 2 ** j
        for lam in (c / (1 + m), -c / (1 - m)):
            logs.append(np.log1p(lam * (x - m)).sum())
    return special.logsumexp(logs) - math.log(len(logs))


def sequential():
    rows = []
    for up, down, ties in [(9, 1, 10), (60, 40, 300), (0, 0, 50), (3, 3, 4), (300, 200, 1500)]:
        n, row = up + down + ties, {"up": up, "down": down, "ties": ties}
        row["log_e"] = float(special.betaln(up + .5, down + .5) - special.betaln(.5, .5) + (up + down) * math.log(2))
        for level in (0.95, 0.9):
            f = lambda m: log_capital(up, down, ties, m) + math.log(1 - level)
            c = (up - down) / n
            row["betting%d" % round(level * 100)] = [optimize.brentq(f, -1 + 1e-9, c, xtol=1e-15), optimize.brentq(f, c, 1 - 1e-9, xtol=1e-15)]
        rows.append(row)
    x = rng.beta(2, 3, size=300)
    alpha, n = 0.05, len(x)
    mu = [(0.5 + x[:i].sum()) / (i + 1) for i in range(n + 1)]
    var = [(0.25 + sum((x[j] - mu[j + 1]) ** 2 for j in range(i))) / (i + 1) for i in range(n + 1)]
    lam = [min(math.sqrt(2 * math.log(2 / alpha) / (var[i] * (i + 1) * math.log(i + 2))), 0.5) for i in range(n)]
    psi = [(-math.log(1 - l) - l) / 4 for l in lam]
    v = [4 * (x[i] - mu[i]) ** 2 for i in range(n)]
    centre = sum(l * y for l, y in zip(lam, x)) / sum(lam)
    half = (math.log(2 / alpha) + sum(a * b for a, b in zip(v, psi))) / sum(lam)
    return {"counts": rows, "bernstein": {"x": flat(x), "lo": centre - half, "hi": centre + half}}


def slope():
    x = np.array([1., 2, 3, 5, 8, 9, 11, 12, 15])
    y = 0.3 + 0.02 * x + rng.normal(size=len(x)) * 0.05
    r = stats.linregress(x, y)
    return {"x": flat(x), "y": flat(y), "slope": float(r.slope), "se": float(r.stderr), "p": float(r.pvalue)}


def bca():
    x = rng.gamma(1.5, size=25)
    r = stats.bootstrap((x,), np.mean, n_resamples=200000, method="BCa", random_state=1, vectorized=True, batch=20000)
    return {"x": flat(x), "ci": [float(r.confidence_interval.low), float(r.confidence_interval.high)]}


out.update(proportions=proportions(), paired01=paired01(), continuous=continuous(), icc=icc(), families=families(), powers=powers(),
           strata=strata(), sequential=sequential(), slope=slope(), bca=bca())
print(json.dumps(out, indent=1))
