#!/bin/sh
set -e
npm ci --silent --no-audit --no-fund
