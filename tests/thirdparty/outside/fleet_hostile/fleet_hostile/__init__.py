"""Hostile in whichever hook the variable FLEET_HOSTILE names, in whichever way."""
