package annex
